"""The API's documents, with the types of payloads that the workers' tasks have registered."""
