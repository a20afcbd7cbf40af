/**
 * The configuration: a YAML file, checked as a whole, becomes one immutable {@link
 * io.culvert.gateway.config.Configuration}.
 *
 * <pre>
 *   text ─ YamlTree ─► tree with positions ─ SchemaCheck ─► wrong keys, types, ranges, words
 *                               └─ ConfigurationReader ───► records; wrong addresses, names, references
 * </pre>
 *
 * Both halves look at the whole tree and say all that is wrong at once, each with its line and
 * column. {@code schema.json} is the one place that lists the keys, their ranges and defaults; the
 * reference page in docs/ is made from it.
 *
 * <p>Depends on: {@code gateway.policy}, {@code wire}. Opens the file and nothing else.
 *
 * <p>Threading: the records are immutable; a file is read by one thread.
 */
package io.culvert.gateway.config;
