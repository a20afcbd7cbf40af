/** A scanner of forms: {@link com.example.formscan.FormScanPlugin}. */
package com.example.formscan;
