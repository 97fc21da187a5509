"""Files that appear whole or not at all, forms of JSON documents, compiled code that is kept."""
