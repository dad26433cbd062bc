"""The checks of the exercises, a file a chapter; an installed package has them too."""
