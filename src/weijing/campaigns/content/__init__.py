"""What a message says and carries: attachments, the library of reviewed texts, trials."""
