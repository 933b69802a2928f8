"""Systems as people, programs and the command line see them: the list over everything that is known of each."""
