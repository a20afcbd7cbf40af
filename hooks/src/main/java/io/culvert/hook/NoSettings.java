package io.culvert.hook;

/** The settings of a plugin that has none. */
public record NoSettings() {}
