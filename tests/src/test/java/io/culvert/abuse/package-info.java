/**
 * What attackers do, at the volumes that the threat model names, to data structures alone: those
 * that need a whole gateway are in {@code io.culvert.e2e} and have the tag {@code abuse} too.
 */
package io.culvert.abuse;
