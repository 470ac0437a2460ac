"""Pictures of what a model attends to, what it retrieves, and how well."""
