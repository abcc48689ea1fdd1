"""What a person is shown: a document and a place in it go in, plain data comes out."""
