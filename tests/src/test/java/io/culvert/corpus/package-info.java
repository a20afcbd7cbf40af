/** The packets of the corpus (see its README) against everything that reads packets. */
package io.culvert.corpus;
