"""A physical Nucleo-F767ZI: programmers and serial line, and a virtual board in its place."""
