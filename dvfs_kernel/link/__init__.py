"""What host and firmware say to each other: the layout of the bytes, frames, and the conversation."""
