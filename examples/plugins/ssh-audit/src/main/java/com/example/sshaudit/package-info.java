/** Writes a line about each SSH connection: {@link com.example.sshaudit.SshAuditPlugin}. */
package com.example.sshaudit;
