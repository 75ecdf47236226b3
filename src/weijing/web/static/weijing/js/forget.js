/* Who signs in here finds no walking list of who was here before. Visits not yet sent stay. */
if (window.caches) caches.delete("weijing-lists");
