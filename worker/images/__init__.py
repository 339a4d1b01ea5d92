"""Pictures in several sizes: from an upload to stored files."""
