"""Exercises for a class: hand out, collect, grade, give feedback; on nbgrader, which instructors install."""
