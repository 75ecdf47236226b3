"""Codes by which residents add officers: wanted, made in WeCom, kept right, taken down."""
