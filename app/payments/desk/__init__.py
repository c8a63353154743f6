"""The matching desk: people move what waits in suspense, to the requests it belongs to or back to its sender."""
