/** Redirects flows to certain targets: {@link com.example.sinkhole.SinkholePlugin}. */
package com.example.sinkhole;
