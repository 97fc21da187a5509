"""What host and firmware say to each other: layout of the bytes, frames, the conversation."""
