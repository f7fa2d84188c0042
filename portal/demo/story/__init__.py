"""The product's main job, played over HTTP as a person would, and checked at every step."""
