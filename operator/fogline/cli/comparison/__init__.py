"""Cloud against edge for one model: what was measured, and which of them the decision would choose."""
