/** Refuses flows by the country of an address: {@link com.example.geo.GeoPlugin}. */
package com.example.geo;
