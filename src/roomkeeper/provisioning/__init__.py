"""Wanted against reported: change sets, actions, their delivery in answers and their confirmation."""
