"""Footage as tracks of crops: folders of crops, and videos or folders of frames with a tracker's boxes."""
