"""Phone books: what people search at an endpoint, where it comes from, and which system is given which."""
