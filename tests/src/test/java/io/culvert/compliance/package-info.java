/** Which requirements of the RFCs are met, and which test shows it. */
package io.culvert.compliance;
