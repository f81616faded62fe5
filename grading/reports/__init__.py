"""What a person reads about a graded batch: the report for the instructor, a page for each student."""
