/** Limits the flows of each user: {@link com.example.quota.QuotaPlugin}. */
package com.example.quota;
