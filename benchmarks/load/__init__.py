"""The load: many clients and one publisher in one process, cheap enough not to be what is measured."""
