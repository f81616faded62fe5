"""Making what students wrote harmless to whoever looks at it in a browser."""
