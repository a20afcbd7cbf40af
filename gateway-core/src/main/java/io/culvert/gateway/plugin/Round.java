package io.culvert.gateway.plugin;

import java.util.List;

/**
 * Questions that came up together, one after the other on one virtual thread: to wake one for each
 * costs more than most hooks do. Hooks that are not quick are asked on a thread for each flow, so
 * that none waits for another, and so is what a round has not come to when it should be over.
 *
 * <p>Threading: {@link #begin} any; {@link #disperse} by one other thread.
 */
public final class Round {
    private final List<Question> questions;

    /**
     * @param questions none of them begun
     */
    public Round(List<Question> questions) {
        this.questions = List.copyOf(questions);
    }

    /** Begins; answers may come before this returns. */
    public void begin() {
        if (questions.size() > 1 && questions.stream().allMatch(Question::isQuick)) {
            begin(0);
        } else {
            questions.forEach(Question::begin);
        }
    }

    private void begin(int first) {
        Thread.ofVirtual().name("hooks").start(() -> run(first));
    }

    private void run(int first) {
        for (int each = first; each < questions.size(); each++) {
            if (!questions.get(each).ask(Thread.currentThread())) {
                // Whoever gave this thread up may interrupt it yet.
                if (each + 1 < questions.size()) {
                    begin(each + 1);
                }
                return;
            }
        }
    }

    /** Each question that was not come to goes on alone; others are as they were. */
    public void disperse() {
        questions.forEach(Question::goAlone);
    }
}
