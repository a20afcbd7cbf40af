/**
 * The program {@code culvert}: its commands, their exit statuses and what they say.
 *
 * <p>A command is a class with {@code @Command} that {@link io.culvert.gateway.cli.Culvert} lists.
 * It answers an exit status of {@link io.culvert.gateway.cli.ExitStatus}, and throws what went
 * wrong: the frame makes one sentence of it. So that the program starts at once, a command names
 * heavy classes only inside the method that runs it.
 *
 * <p>Depends on: every other package of {@code gateway}.
 *
 * <p>Threading: a command runs on the main thread.
 */
package io.culvert.gateway.cli;
