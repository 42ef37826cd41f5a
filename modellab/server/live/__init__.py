"""Live streams: audio over a WebSocket while somebody speaks, words on the way; OpenAI's or WhisperLive's protocol.

    socket -> streams.py: a bounded inbox -> realtime.py or whisperlive.py: what messages mean
           -> utterance.py: own.py, a stream of the model's own, or windowed.py, a window heard again and again

Start reading at `sockets.py`.
"""
