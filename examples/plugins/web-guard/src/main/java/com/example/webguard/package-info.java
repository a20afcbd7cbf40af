/** A firewall for requests, and a scanner of forms: {@link com.example.webguard.WebGuardPlugin}. */
package com.example.webguard;
