"""The one training loop: a job in, a folder with its result out."""
