"""A linked gallery as one page for a browser: people by cameras, a timeline, nearest matches."""
