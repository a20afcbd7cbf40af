/**
 * What a plugin author compiles against: plain values and interfaces, no dependency at all.
 *
 * <p>Threading: every value is immutable.
 */
package io.culvert.hook;
