"""Open-loop load on a served model.

It needs the standard library alone, and grpcio for gRPC: it also runs in a pod whose image has nothing of
Fogline but Python.
"""
