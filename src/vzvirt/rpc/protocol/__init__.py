"""What is generated from the facts in tools/protocol.json: structures, procedures, constants."""
