"""A small platform that trains classifiers on CSV files. It knows nothing of logging."""
