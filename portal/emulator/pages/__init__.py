"""The hosted pages and the console; they act through the same functions as the API."""
