package io.culvert.gateway;

/** Asks plugins about a flow that there is none of. */
@FunctionalInterface
interface HookQuestions {
    /**
     * Adds a stage for each plugin that is asked, and what they decide; on the asker's thread,
     * which may wait.
     *
     * @param pending its policy carries the flow
     */
    void ask(Explainer.Pending pending);
}
