"""What a person is shown, without any protocol."""
