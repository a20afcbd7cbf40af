/** Say here what the plugin is for: {@link com.example.template.TemplatePlugin}. */
package com.example.template;
