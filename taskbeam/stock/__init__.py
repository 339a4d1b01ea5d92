"""Follow the tasks of workers that have no package of ours: Celery's own results, heard into journals."""
