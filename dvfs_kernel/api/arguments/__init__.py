"""What the verbs take: how what a person gives becomes what the rooms take."""
