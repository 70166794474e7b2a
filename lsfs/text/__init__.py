"""Files to text: decoding, documents in a limited worker process, attributes, chunks. Knows no database and no index."""
