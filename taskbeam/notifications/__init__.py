"""Tell who asked for it how a task ended, whether or not they are connected: by webhook, and by push."""
