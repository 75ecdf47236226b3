"""素材库: texts that somebody else has reviewed."""
