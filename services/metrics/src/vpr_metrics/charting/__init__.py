"""Answers as pictures: what a picture says and shows, its Vega-Lite, and the process that draws it (decision 34)."""
