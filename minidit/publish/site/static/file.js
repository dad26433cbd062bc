// On file:// a page may not read another one, so the search shows titles without the lines around them.
"use strict";
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
