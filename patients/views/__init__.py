"""The pages of the record: parse, call one service, answer."""
