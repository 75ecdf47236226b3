"""Attachments and previews of messages, for every page that shows a message."""
