"""Cards and posters with a code to scan: one layout, drawn as SVG and as PDF."""
