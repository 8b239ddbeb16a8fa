"""gRPC over HTTP/2: libnghttp2 frames it, the files here say what a frame means."""
