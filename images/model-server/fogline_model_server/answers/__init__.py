"""What the methods of the API answer, whichever front end asks: messages in, messages out."""
